// TypeScript declarations of an OpenAPI document, on standard output: node scripts/typescript_types.mjs DOCUMENT
import { pathToFileURL } from "node:url";
import openapiTS, { astToString, COMMENT_HEADER } from "openapi-typescript";
import ts from "typescript";

const [document = ""] = process.argv.slice(2);
const file = ts.factory.createTypeReferenceNode("Blob");

const declarations = await openapiTS(pathToFileURL(document), {
  // A photo is sent as a Blob or a File; by itself the generator calls it a string, which nobody has.
  transform: (schema) => (schema.format === "binary" ? file : undefined),
});
process.stdout.write(COMMENT_HEADER + astToString(declarations));
