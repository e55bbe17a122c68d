/** Short names for the schemas of the API; `schema.d.ts` is generated from its OpenAPI document. */
import type { components, paths } from "./schema.js";

export type { components, paths };

type Schemas = components["schemas"];
export type Advice = Schemas["Advice"];
export type Answer = Schemas["Answer"];
export type BatchAnswer = Schemas["BatchAnswer"];
export type BatchItem = Schemas["BatchItem"];
export type Box = Schemas["Box"];
export type Classification = Schemas["Classification"];
export type LabelInfo = Schemas["LabelInfo"];
export type ModelInfo = Schemas["ModelInfo"];
export type ModelList = Schemas["ModelList"];
export type Person = Schemas["Person"];
export type Problem = Schemas["Problem"];
export type UnusableEye = Schemas["UnusableEye"];
