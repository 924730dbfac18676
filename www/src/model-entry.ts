/**
 * A confidence model that several streams share. For one stream, or one `confidenceFetch`, pass its
 * options instead.
 *
 * @packageDocumentation
 */
export { ConfidenceModel, type Fetch, type ModelOptions } from "./model.js";
