/** Execution providers: what ONNX Runtime can compute on. */
import { env, InferenceSession, listSupportedBackends } from 'onnxruntime-node';
import { RetrievalGuardError } from '../errors.ts';
import { GraphBuilder } from '../onnx/index.ts';
import { messageOf } from './messages.ts';

/** Names of the execution providers that this build of ONNX Runtime knows; they may still lack a device or library. */
export function supportedProviders(): string[] {
  return listSupportedBackends().map((backend) => backend.name);
}

/**
 * @throws RetrievalGuardError PROVIDER_UNAVAILABLE for a name that this build does not know
 */
export function requireKnownProvider(provider: string): void {
  if (!supportedProviders().includes(provider)) throw unavailable(provider, 'an unknown one');
}

/**
 * Keeps ONNX Runtime from writing to stderr what is also in its errors, unless the application has chosen a log level.
 * Works until the first session of the process.
 */
export function quietRuntime(): void {
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
    return unavailable(provider, messageOf(cause), cause);
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
