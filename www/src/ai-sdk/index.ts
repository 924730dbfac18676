/**
 * FineCE for the Vercel AI SDK. {@link confidenceMiddleware} scores a model's answers,
 * {@link confidenceParts} writes confidences into a message as `data-finece` parts, and
 * {@link confidencesOf} reads confidences from a message.
 *
 * @packageDocumentation
 */
export {
  type FineceData, type FineceDataParts, type FinecePart, confidenceParts, confidencesOf, type PartWriter,
} from "./data.js";
export { confidenceMiddleware, type ConfidenceMiddlewareOptions, type FineceMetadata } from "./middleware.js";
