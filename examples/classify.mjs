// Classify one photo with fetch, in Node 20 or a browser: node examples/classify.mjs PHOTO [SERVICE]
import { openAsBlob } from "node:fs";
import { basename } from "node:path";

const [photo, service = "http://localhost:8000"] = process.argv.slice(2);

const form = new FormData();
form.append("image", await openAsBlob(photo), basename(photo)); // in a browser: the File of an <input>
const response = await fetch(`${service}/v1/classify`, { method: "POST", body: form });
const answer = await response.json();

if (response.ok) {
  for (const { region, title, certain, confidence } of answer.results) {
    console.log(`${region}: ${certain ? title : "not sure"} (${Math.round(confidence * 100)}%)`);
  }
} else {
  console.log(`${answer.title}: ${answer.detail}`);
  process.exitCode = 1;
}
