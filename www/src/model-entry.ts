/**
 * A confidence model that several streams share. Its options are enough for one
 * stream, or for one `confidenceFetch`.
 *
 * @packageDocumentation
 */
export { ConfidenceModel, type Fetch, type ModelOptions } from "./model.js";
