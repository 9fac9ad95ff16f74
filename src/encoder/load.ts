/** Opens a model in ONNX Runtime, and says in words why it cannot. */
import { InferenceSession } from 'onnxruntime-node';
import { RetrievalGuardError } from '../errors.ts';
import { messageOf } from './messages.ts';
import { providerFailure, quietRuntime, requireKnownProvider } from './providers.ts';

/** Loads a model from its path, relative to which external data is found. */
export async function loadSession(
  path: string,
  options: { provider: string; threads: number },
): Promise<InferenceSession> {
  const { provider, threads } = options;
  requireKnownProvider(provider);
  quietRuntime();
  const settings: InferenceSession.SessionOptions = {
    executionProviders: [provider],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 4,
  };
  try {
    return await InferenceSession.create(path, settings);
  } catch (cause) {
    throw (provider === 'cpu' ? undefined : await providerFailure(provider)) ?? explain(path, cause);
  }
}

/** What ONNX Runtime's messages mean: a pattern, then code, expectation and advice. */
const MEANINGS: readonly [
  RegExp,
  'ONNX_INVALID' | 'MODEL_UNSUPPORTED' | 'MODEL_NOT_FOUND',
  string,
  string,
][] = [
  [
    /opset \d+ is under development|IR version/i,
    'MODEL_UNSUPPORTED',
    'a version of ONNX that this ONNX Runtime knows',
    'Export the model again with an older opset, for example 17.',
  ],
  [
    /external (data|initializer)/i,
    'MODEL_NOT_FOUND',
    'external data that fits the model beside the .onnx file',
    'Weights of this model are stored in another file; put the one that belongs to it beside the .onnx file.',
  ],
  [
    /is not a registered function\/op|No Op registered for|NOT_IMPLEMENTED|Could not find an implementation/i,
    'MODEL_UNSUPPORTED',
    'operators that ONNX Runtime has for this provider',
    'Export the model without that operator, or run it on another provider.',
  ],
  [
    /File doesn't exist|No such file/i,
    'MODEL_NOT_FOUND',
    'an .onnx file',
    'It was there a moment ago; was it moved?',
  ],
];

function explain(path: string, cause: unknown): RetrievalGuardError {
  const message = messageOf(cause);
  const got = `'${message}' from ONNX Runtime`;
  for (const [pattern, code, expected, fix] of MEANINGS) {
    if (pattern.test(message)) {
      return new RetrievalGuardError(code, { expected: `${expected} in ${path}`, got, fix, cause });
    }
  }
  return new RetrievalGuardError('ONNX_INVALID', {
    expected: `a model that ONNX Runtime can load in ${path}`,
    got,
    fix: 'Check the file with onnx.checker, or export it again.',
    cause,
  });
}
