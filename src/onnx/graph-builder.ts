/** Writes networks in code. */
import { create } from '@bufbuild/protobuf';
import { RetrievalGuardError } from '../errors.ts';
import { type Attributes, makeAttribute } from './attributes.ts';
import { ELEMENT_TYPES, type ElementType, elementTypeOf, type TypedArray } from './element-types.ts';
import {
  type FunctionProto,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './generated/onnx_pb.ts';
import { writeModel } from './model.ts';
import { makeTensor } from './tensor.ts';

/** A dimension: its size, or the name of one that is known only when the model runs. */
export type Dimension = number | string;

/** A value of a graph: what an input, a constant or a node gives, and nodes take. Only a GraphBuilder makes them. */
export interface Value {
  readonly name: string;
  /** Known for inputs and constants. */
  readonly type?: ElementType;
  /** Known for inputs and constants. */
  readonly shape?: readonly Dimension[];
  /** The graph that it belongs to. */
  readonly graph: GraphBuilder;
}

/** Options of {@link GraphBuilder}. */
export interface GraphOptions {
  name?: string;
  /** Version of the standard operator set. Default 17. */
  opset?: number;
  /** Version of the file format. Default 8. */
  irVersion?: number;
  /** Other operator sets: domain → version, for example `{ 'com.microsoft': 1 }`. */
  domains?: Readonly<Record<string, number>>;
  /** Key and value pairs stored in the model. */
  metadata?: Readonly<Record<string, string>>;
}

/** Options of a node. */
export interface NodeOptions {
  /** Domain of the operator; default the standard one. */
  domain?: string;
  /** Name of the node, and of its output when it has one; default made up from the operator. */
  name?: string;
}

/**
 * A network under construction. Values are handles that its methods return; a node can only use values that exist, so
 * the nodes are in order by themselves.
 *
 *     const g = new GraphBuilder({ name: 'tiny' });
 *     const x = g.input('x', 'float32', ['batch', 3, 32, 32]);
 *     const y = g.op('GlobalAveragePool', [x]);
 *     g.output('y', g.op('Flatten', [y]), 'float32', ['batch', 3]);
 *     const bytes = g.toBytes();
 */
export class GraphBuilder {
  readonly opset: number;
  readonly #options: GraphOptions;
  readonly #parent: GraphBuilder | undefined;
  /** All names of the model, shared by its subgraphs: ONNX forbids shadowing. */
  readonly #names: Set<string>;
  /** Names that stand free but are not made up anew: `rewriting` may still give them to what they named before. */
  readonly #kept = new Set<string>();
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  /** Functions of the model that this one extends. */
  #functions: readonly FunctionProto[] = [];

  constructor(options: GraphOptions = {}, parent?: GraphBuilder) {
    this.#options = parent ? { ...parent.#options, ...options } : options;
    this.opset = this.#options.opset ?? 17;
    this.#parent = parent;
    this.#names = parent ? parent.#names : new Set();
  }

  /**
   * A builder that goes on from an existing model: its nodes, initializers, inputs and outputs are there already, and
   * `value(name)` is a handle to any of them. The model itself is not changed. Intermediate shapes that the file
   * declares (`value_info`) are left out: what is added may make them wrong.
   *
   * @param options.domains - further operator sets that the added nodes use
   */
  static extending(model: ModelProto, options: Pick<GraphOptions, 'domains'> = {}): GraphBuilder {
    const { graph } = model;
    const domains: Record<string, number> = { ...options.domains };
    let opset = 0;
    for (const { domain, version } of model.opsetImport) {
      if (domain === '' || domain === 'ai.onnx') opset = Number(version);
      else domains[domain] = Number(version);
    }
    if (graph === undefined || opset === 0) {
      throw new RetrievalGuardError('ONNX_INVALID', {
        expected: 'a model with a graph and a version of the standard operator set',
        got: graph === undefined ? 'no graph' : 'no version',
      });
    }
    const metadata = Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]));
    const g = new GraphBuilder({
      name: graph.name,
      opset,
      irVersion: Number(model.irVersion),
      domains,
      metadata,
    });
    g.#functions = model.functions;
    g.#nodes.push(...graph.node);
    g.#initializers.push(...graph.initializer);
    g.#inputs.push(...graph.input);
    g.#outputs.push(...graph.output);
    for (const { name } of [...graph.input, ...graph.initializer]) g.#names.add(name);
    for (const node of graph.node) for (const name of [node.name, ...node.output]) g.#names.add(name);
    return g;
  }

  /**
   * A copy of a model in which some nodes are written anew. `rewrite` is asked for each node in order: it either adds nodes to
   * the builder that give the values of the node's outputs, under their names, and returns true, or returns false to keep
   * the node as it is. It may leave outputs for later, as long as they are there before they are used.
   */
  static rewriting(
    model: ModelProto,
    rewrite: (node: NodeProto, g: GraphBuilder) => boolean,
    options: Pick<GraphOptions, 'domains'> = {},
  ): GraphBuilder {
    const g = GraphBuilder.extending(model, options);
    const nodes = g.#nodes.splice(0);
    for (const node of nodes) {
      // the names stand free while the node may be replaced
      for (const name of [node.name, ...node.output]) {
        g.#names.delete(name);
        g.#kept.add(name);
      }
      if (rewrite(node, g)) continue;
      for (const name of [node.name, ...node.output]) g.#names.add(name);
      g.#nodes.push(node);
    }
    return g;
  }

  /** The value called `name`: an input, an initializer, or the output of a node. */
  value(name: string): Value {
    const initializer = this.#initializers.find((tensor) => tensor.name === name);
    if (initializer) {
      const type = elementTypeOf(initializer.dataType);
      return { name, type, shape: initializer.dims.map(Number), graph: this };
    }
    const known =
      this.#inputs.some((input) => input.name === name) ||
      this.#nodes.some((node) => node.output.includes(name));
    if (known && name !== '') return { name, graph: this };
    throw new RetrievalGuardError('ONNX_INVALID', {
      expected: `a value '${name}' in the graph`,
      got: 'none',
    });
  }

  /**
   * Turns an initializer into an input of the same name, type and shape, so that its values are fed at every run: how
   * weights become trainable. Returns the tensor that it was.
   */
  promote(name: string): TensorProto {
    const at = this.#initializers.findIndex((tensor) => tensor.name === name);
    const tensor = this.#initializers[at];
    const type = tensor && elementTypeOf(tensor.dataType);
    if (tensor === undefined || type === undefined) {
      throw new RetrievalGuardError('ONNX_INVALID', {
        expected: `an initializer '${name}' of a numeric type`,
        got: tensor ? `data type ${tensor.dataType}` : 'none',
      });
    }
    this.#initializers.splice(at, 1);
    // files of the first ONNX versions list their initializers among the inputs too
    const listed = this.#inputs.findIndex((input) => input.name === name);
    if (listed >= 0) this.#inputs.splice(listed, 1);
    this.#inputs.push(valueInfo(name, type, tensor.dims.map(Number)));
    return tensor;
  }

  /** Forgets the outputs declared so far; their values stay. */
  clearOutputs(): void {
    this.#outputs.length = 0;
  }

  /** Declares an input of the graph. */
  input(name: string, type: ElementType, shape?: readonly Dimension[]): Value {
    this.#claim(name);
    this.#inputs.push(valueInfo(name, type, shape));
    return { name, type, shape, graph: this };
  }

  /**
   * A constant, stored as an initializer. Name the type for float16 (a Uint16Array of bits) and bool (a Uint8Array).
   */
  constant(
    data: TypedArray,
    shape: readonly number[] = [data.length],
    options: { name?: string; type?: ElementType } = {},
  ): Value {
    const name = options.name === undefined ? this.#freshName('constant') : this.#claim(options.name);
    const tensor = makeTensor(name, data, shape, options.type);
    this.#initializers.push(tensor);
    return { name, type: elementTypeOf(tensor.dataType), shape, graph: this };
  }

  /** A float32 constant: a scalar from a number, one dimension from an array. */
  float32(values: number | readonly number[]): Value {
    return typeof values === 'number'
      ? this.constant(Float32Array.of(values), [])
      : this.constant(Float32Array.from(values));
  }

  /** An int64 constant, as shapes and axes are given: a scalar from a number, one dimension from an array. */
  int64(values: number | readonly number[]): Value {
    return typeof values === 'number'
      ? this.constant(BigInt64Array.of(BigInt(values)), [])
      : this.constant(BigInt64Array.from(values.map(BigInt)));
  }

  /** Adds a node with one output. `null` among the inputs leaves an optional one out. */
  op(
    type: string,
    inputs: readonly (Value | null)[],
    attributes: Attributes = {},
    options: NodeOptions = {},
  ): Value {
    return this.ops(type, inputs, attributes, { ...options, outputs: 1 })[0];
  }

  /** Adds a node with several outputs. */
  ops(
    type: string,
    inputs: readonly (Value | null)[],
    attributes: Attributes,
    options: NodeOptions & { outputs: number },
  ): Value[] {
    const domain = options.domain ?? '';
    if (domain !== '' && this.#options.domains?.[domain] === undefined) {
      throw new RetrievalGuardError('ONNX_INVALID', {
        expected: `a version for the domain '${domain}' of the operator ${type}`,
        got: 'none',
        fix: `Give GraphBuilder { domains: { '${domain}': 1 } }.`,
      });
    }
    const inputNames = inputs.map((value) => (value === null ? '' : this.#nameOf(value, type)));
    const base = options.name ?? this.#freshName(type, false);
    const names = Array.from({ length: options.outputs }, (_, i) =>
      this.#claim(options.outputs === 1 ? base : `${base}_${i}`),
    );
    const attribute = Object.entries(attributes).flatMap(([name, value]) =>
      value === undefined ? [] : [makeAttribute(name, value)],
    );
    this.#nodes.push(
      create(NodeProtoSchema, {
        opType: type,
        ...(domain === '' ? {} : { domain }),
        name: base,
        input: inputNames,
        output: names,
        attribute,
      }),
    );
    return names.map((name) => ({ name, graph: this }));
  }

  /** Declares an output of the graph called `name`. A value of another name is passed through an Identity node. */
  output(name: string, value: Value, type: ElementType, shape?: readonly Dimension[]): void {
    const isNodeOutput = this.#nodes.some((node) => node.output.includes(name));
    const isOutput = this.#outputs.some((output) => output.name === name);
    if (this.#nameOf(value, 'the output') !== name) this.op('Identity', [value], {}, { name });
    else if (!isNodeOutput || isOutput) throw taken(name);
    this.#outputs.push(valueInfo(name, type, shape));
  }

  /** A graph for the body of If, Loop or Scan: it may use the values of this one. Pass its `toGraph()` as attribute. */
  subgraph(name: string): GraphBuilder {
    return new GraphBuilder({ name }, this);
  }

  /** The graph as it stands. */
  toGraph(): GraphProto {
    if (this.#outputs.length === 0) {
      throw new RetrievalGuardError('ONNX_INVALID', {
        expected: 'a graph with an output',
        got: 'none',
        fix: 'Call output(name, value, type, shape).',
      });
    }
    return create(GraphProtoSchema, {
      name: this.#options.name ?? 'graph',
      node: [...this.#nodes],
      initializer: [...this.#initializers],
      input: [...this.#inputs],
      output: [...this.#outputs],
    });
  }

  /** The model as it stands. */
  toModel(): ModelProto {
    const { irVersion = 8, domains = {}, metadata = {} } = this.#options;
    const opset = (domain: string, version: number) =>
      create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) });
    return create(ModelProtoSchema, {
      irVersion: BigInt(irVersion),
      producerName: 'retrievalguard',
      opsetImport: [opset('', this.opset), ...Object.entries(domains).map(([d, v]) => opset(d, v))],
      graph: this.toGraph(),
      functions: [...this.#functions],
      metadataProps: Object.entries(metadata).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value }),
      ),
    });
  }

  /** The bytes of the .onnx file. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return writeModel(this.toModel());
  }

  /** Refuses values of graphs that this one cannot see. */
  #nameOf(value: Value, user: string): string {
    if (this.#sees(value.graph)) return value.name;
    throw new RetrievalGuardError('ONNX_INVALID', {
      expected: `values of this graph for ${user}`,
      got: `'${value.name}' of another graph`,
    });
  }

  #sees(graph: GraphBuilder): boolean {
    return graph === this || (this.#parent !== undefined && this.#parent.#sees(graph));
  }

  #claim(name: string): string {
    if (name === '' || this.#names.has(name)) throw taken(name);
    this.#names.add(name);
    return name;
  }

  #freshName(kind: string, claim = true): string {
    let number = this.#names.size;
    while (this.#names.has(`${kind}_${number}`) || this.#kept.has(`${kind}_${number}`)) number++;
    const name = `${kind}_${number}`;
    return claim ? this.#claim(name) : name;
  }
}

function taken(name: string): RetrievalGuardError {
  return new RetrievalGuardError('ONNX_INVALID', {
    expected: 'a name that is not empty and not taken',
    got: `'${name}'`,
  });
}

/** Declares a value's type and shape; without a shape, any. */
function valueInfo(name: string, type: ElementType, shape?: readonly Dimension[]): ValueInfoProto {
  const dim = shape?.map((size) => ({
    value:
      typeof size === 'number'
        ? { case: 'dimValue' as const, value: BigInt(size) }
        : { case: 'dimParam' as const, value: size },
  }));
  const tensor = { elemType: ELEMENT_TYPES[type], ...(dim ? { shape: { dim } } : {}) };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value: tensor } } });
}
