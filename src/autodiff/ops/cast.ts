import { ELEMENT_TYPES } from '../../onnx/index.ts';
import { rule } from '../site.ts';

/** y = x as another float type: dx = dy as the type of x. Nothing comes back through integers and booleans. */
export const castRule = rule((site, dy) => [
  site.op('Cast', [dy], { to: ELEMENT_TYPES[site.input(0).type] }),
]);
