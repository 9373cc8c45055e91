// The form is made from the model's own signature; `?rows=[…]` scores rows without a form.
import * as ort from "./node_modules/onnxruntime-web/dist/ort.wasm.min.mjs";
import { loadModel, score } from "./score.js";

const answer = document.querySelector("#answer");
const form = document.querySelector("form");
ort.env.wasm.numThreads = 1;

function field(feature) {
  const label = document.createElement("label");
  const input = document.createElement(feature.dtype === "boolean" ? "select" : "input");
  label.append(`${feature.name}${feature.nullable ? " (optional)" : ""}`, input);
  Object.assign(input, { name: feature.name, required: !feature.nullable });
  if (feature.dtype === "boolean") input.append(new Option("no", "0"), new Option("yes", "1"));
  else if (feature.dtype !== "string") {
    Object.assign(input, { type: "number", step: feature.dtype === "integer" ? 1 : "any" });
    for (const [name, limit] of [["min", feature.minimum], ["max", feature.maximum]]) {
      if (limit !== undefined && limit !== null) input[name] = limit;
    }
  }
  return label;
}

async function say(work) {
  try {
    answer.textContent = JSON.stringify(await work(), null, 1);
  } catch (error) {
    answer.textContent = `✗ ${error.message}`;
  }
  document.body.dataset.done = "yes";
}

try {
  const model = await loadModel(ort, "model");
  document.querySelector("#features").append(...model.manifest.features.map(field));
  answer.textContent = "";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    say(() => score(model, [Object.fromEntries(new FormData(form))]));
  });
  const given = new URLSearchParams(location.search).get("rows");
  if (given) await say(() => score(model, JSON.parse(given)));
} catch (error) {
  await say(() => { throw error; });
}
