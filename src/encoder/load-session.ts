/** Opens a model in ONNX Runtime on an execution provider, and says in words why it cannot. */
import { env, InferenceSession, listSupportedBackends } from 'onnxruntime-node';
import { RetrievalGuardError } from '../errors.ts';
import { GraphBuilder } from '../onnx/index.ts';
import { messageOf } from '../words.ts';

/** The message of an error of ONNX Runtime, on one line. */
export const runtimeMessage = (error: unknown): string => messageOf(error).trim().replace(/\s+/g, ' ');

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
  const message = runtimeMessage(cause);
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

/** Names of the execution providers that this build of ONNX Runtime knows; they may still lack a device or library. */
export function supportedProviders(): string[] {
  return listSupportedBackends().map((backend) => backend.name);
}

/**
 * @throws RetrievalGuardError PROVIDER_UNAVAILABLE for a name that this build does not know
 */
function requireKnownProvider(provider: string): void {
  if (!supportedProviders().includes(provider)) throw unavailable(provider, 'an unknown one');
}

/**
 * Keeps ONNX Runtime from writing to stderr what is also in its errors, unless the application has chosen a log level.
 * Works until the first session of the process.
 */
function quietRuntime(): void {
  if (env.logLevel === 'warning') env.logLevel = 'fatal';
}

/** The reason why a provider cannot run even the smallest model, as an error, or undefined when it can. */
export async function providerFailure(provider: string): Promise<RetrievalGuardError | undefined> {
  quietRuntime();
  const g = new GraphBuilder({ name: 'smallest' });
  g.output('y', g.op('Relu', [g.input('x', 'float32', [1])]), 'float32', [1]);
  try {
    const session = await InferenceSession.create(g.toBytes(), {
      executionProviders: [provider],
      logSeverityLevel: 4,
    });
    await session.release();
    return undefined;
  } catch (cause) {
    return unavailable(provider, runtimeMessage(cause), cause);
  }
}

function unavailable(provider: string, got: string, cause?: unknown): RetrievalGuardError {
  return new RetrievalGuardError('PROVIDER_UNAVAILABLE', {
    expected: `an execution provider that works on this machine for '${provider}'`,
    got,
    fix: `This build knows: ${supportedProviders().join(', ')}; cpu always works, the others need their device and libraries.`,
    cause,
  });
}
