// Classify one photo with fetch, in Node 20 or a browser: node examples/classify.mjs PHOTO [SERVICE]
import { openAsBlob } from "node:fs";
import { basename } from "node:path";

const [photo, service = "http://localhost:8000"] = process.argv.slice(2);

const form = new FormData();
try {
  form.append("image", await openAsBlob(photo), basename(photo)); // in a browser: the File of an <input>
} catch (error) {
  console.log(`Expected a photo. Received: ${error.message}`);
  process.exit(1);
}
const response = await fetch(`${service}/v1/classify`, { method: "POST", body: form }).catch((error) => {
  console.log(`Expected an answer of ${service}. Received: ${error.cause?.message || error.message}`);
  process.exit(1);
});

const kind = response.headers.get("content-type") ?? "";
if (response.ok && kind.startsWith("application/json")) {
  const answer = await response.json();
  for (const { region, title, certain, confidence } of answer.results) {
    console.log(`${region}: ${certain ? title : "not sure"} (${Math.round(confidence * 100)}%)`);
  }
  for (const { region, detail } of answer.unusable) console.log(`${region}: ${detail}`);
} else {
  // What stands between may answer for the service, a proxy for instance, and in HTML.
  const isProblem = kind.startsWith("application/problem+json");
  const other = { title: "No answer of the service", detail: `status ${response.status}, "${kind}"` };
  const problem = isProblem ? await response.json() : other;
  console.log(`${problem.title}: ${problem.detail}`);
  process.exitCode = 1;
}
