import type { SessionConfig } from "./contract.js";

export type { Calibration, Format, ModelConfig, ScoringConfig, SessionConfig, Strategy, Trajectory } from "./contract.js";

/**
 * The configuration as the core reads it: JSON, names in snake case. Nothing here samples
 * continuations, so a fusion width over 1 is 1: the stream itself.
 */
export function configJSON(config: SessionConfig): string {
  const { width } = config;
  return JSON.stringify(width !== undefined && width > 1 ? { ...config, width: 1 } : config, (_, value: unknown) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return value;
    }
    return Object.fromEntries(
      Object.entries(value).map(([name, v]: [string, unknown]) => [
        name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`), v,
      ]),
    );
  });
}
