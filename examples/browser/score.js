// A Sluice model in a page: the manifest says what goes in, how it is encoded, and what is said of the answer.

const ENCODED = {
  string: (value) => (value === null ? "" : String(value)),
  boolean: (value) => (value === null ? NaN : Number(value)),
  integer: (value) => (value === null ? NaN : Number(value)),
  number: (value) => (value === null ? NaN : Number(value)),
};
const ARRAYS = { float32: Float32Array, float64: Float64Array, int64: BigInt64Array, bool: Uint8Array };

/** The model in a folder that holds model.json and model.onnx; refuses a file that its manifest does not name. */
export async function loadModel(ort, folder) {
  const [manifest, bytes] = await Promise.all([
    fetched(`${folder}/model.json`).then((answer) => answer.json()),
    fetched(`${folder}/model.onnx`).then((answer) => answer.arrayBuffer()),
  ]);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== manifest.onnx.sha256) throw new Error("model.onnx is not the file that model.json describes");
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  return { ort, manifest, session };
}

/** One {probability: {class: p}, label} or {value} a row; the rows are objects by feature name, null is missing. */
export async function score(model, rows) {
  const { ort, manifest, session } = model;
  const types = Object.fromEntries(session.inputMetadata.map((input) => [input.name, input.type]));
  const feeds = {};
  for (const feature of manifest.features) {
    const cells = rows.map((row, number) => checked(feature, row, number));
    feeds[feature.name] = tensor(ort, types[feature.name], cells.map(ENCODED[feature.dtype]));
  }
  const { output_probability: probability, output_value: value } = manifest.onnx;
  const name = manifest.task === "regression" ? value : probability;
  const answer = (await session.run(feeds, [name]))[name].data;
  return rows.map((_, row) => told(manifest, answer, row));
}

function told(manifest, answer, row) {
  if (manifest.task === "regression") return { value: answer[row] };
  const { classes } = manifest;
  const values = Array.from(answer.slice(row * classes.length, (row + 1) * classes.length));
  const probability = Object.fromEntries(classes.map((name, place) => [name, values[place]]));
  return { probability, label: classes[chosen(manifest, values)] };
}

/** By the stored threshold where there are two classes: the label inside of the ONNX file knows none. */
function chosen({ task, classes, positive_class: positive, threshold }, values) {
  if (task !== "binary") return values.indexOf(Math.max(...values));
  const place = classes.indexOf(positive);
  return values[place] >= threshold ? place : 1 - place;
}

function checked(feature, row, number) {
  const value = row[feature.name] ?? null;
  const wrong = (wanted) => new Error(`${feature.name} in row ${number}: expected ${wanted}, got ${value}`);
  if (value === null || value === "") {
    if (!feature.nullable) throw wrong("a value");
    return null;
  }
  if (feature.dtype === "string") return value;
  if (!Number.isFinite(Number(value))) throw wrong("a number");
  if (Number(value) < (feature.minimum ?? -Infinity)) throw wrong(`at least ${feature.minimum}`);
  if (Number(value) > (feature.maximum ?? Infinity)) throw wrong(`at most ${feature.maximum}`);
  return value;
}

function tensor(ort, type, cells) {
  const shape = [cells.length, 1];
  if (type === "string") return new ort.Tensor("string", cells, shape);
  const values = type === "int64" ? cells.map((cell) => BigInt(cell)) : cells;
  return new ort.Tensor(type, ARRAYS[type].from(values), shape);
}

async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address} answers ${answer.status}`);
  return answer;
}
