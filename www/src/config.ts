import type { SessionConfig } from "./contract.js";

export type { Calibration, Format, ModelConfig, ScoringConfig, SessionConfig, Strategy, Trajectory } from "./contract.js";

/** The configuration as the core reads it: JSON, names in snake case. */
export function configJSON(config: SessionConfig): string {
  return JSON.stringify(config, (_, value: unknown) => {
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
