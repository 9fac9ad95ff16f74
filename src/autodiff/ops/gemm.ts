import { float, type Value } from '../../onnx/index.ts';
import { rule } from '../site.ts';

/**
 * y = α A′ B′ + β C, A′ and B′ transposed where transA and transB say so, C broadcast: dA′ = α dy B′ᵀ, dB′ = α A′ᵀ dy,
 * dC = β dy summed over the axes of broadcasting. The products come out in the order in which A and B are stored.
 */
export const gemmRule = rule((site, dy) => {
  const [a, b, c] = site.inputs;
  const y = site.output(0);
  const [transA, transB] = [site.int('transA', 0), site.int('transB', 0)];
  const beta = site.float('beta', 1);
  const product = (left: Value, right: Value, flipLeft: number, flipRight: number): Value => {
    // the third input became optional at 11
    const zero = site.opset < 11 ? [site.scalar(0, y.type)] : [];
    const attributes = { alpha: float(site.float('alpha', 1)), transA: flipLeft, transB: flipRight };
    return site.op('Gemm', [left, right, ...zero], attributes);
  };
  const dA = () => (transA ? product(b!.value, dy, transB, 1) : product(dy, b!.value, 0, 1 - transB));
  const dB = () => (transB ? product(dy, a!.value, 1, transA) : product(a!.value, dy, 1 - transA, 0));
  const dC = () => {
    const sum = site.sumTo(dy, y.shape, c!.shape);
    return beta === 1 ? sum : site.op('Mul', [sum, site.scalar(beta, y.type)]);
  };
  return [site.needs[0] ? dA() : null, site.needs[1] ? dB() : null, site.needs[2] ? dC() : null];
});
