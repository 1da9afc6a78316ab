import { objectIn, objectsIn, type StreamObject, textIn } from "./json-line-decoder.ts";

interface Setting {
  readonly id: string;
  readonly value: string;
  readonly values: readonly string[];
}

/** What is asked of the agent to change a setting; `is so` where it is set like that already. */
export type AcpChange = { readonly method: string; readonly params: object } | "is so";

/** What an agent lets its client choose: model and depth of thought, where it offers them. */
export interface AcpSettings {
  /** Whatever says them: a new session, an update, the reply to a change. What it does not say stays. */
  read(told: StreamObject): void;
  /** Undefined where the agent offers no such choice. */
  change(what: "model" | "thinking", wish: string, sessionId: string): AcpChange | undefined;
}

const categories = { model: "model", thinking: "thought_level" } as const;
/** Agents name the levels in words of their own. */
const levels: Readonly<Record<string, readonly string[]>> = { off: ["off", "none"], xhigh: ["xhigh", "max"] };

/** Keeps what was told of them. `takesAnyModel`: it is asked for one though it listed none. */
export function createAcpSettings(takesAnyModel: boolean): AcpSettings {
  let settings: Readonly<Record<string, Setting>> = {};
  let hasModels = takesAnyModel;
  return {
    read(told) {
      if (Array.isArray(told.configOptions)) {
        settings = Object.fromEntries(
          objectsIn(told, "configOptions").map((option) => [textIn(option, "category"), settingOf(option)]),
        );
      }
      // Older agents have a list of models, and a method of its own to choose one.
      if (typeof told.models === "object" && told.models !== null)
        hasModels ||= objectsIn(objectIn(told, "models"), "availableModels").length > 0;
    },
    change(what, wish, sessionId) {
      const setting = settings[categories[what]];
      if (!setting) {
        if (what === "thinking" || !hasModels) return undefined;
        return { method: "session/set_model", params: { sessionId, modelId: wish } };
      }
      const value = what === "model" ? wish : (levels[wish] ?? [wish]).find((word) => setting.values.includes(word));
      if (value === undefined) return undefined;
      if (value === setting.value) return "is so";
      return { method: "session/set_config_option", params: { sessionId, configId: setting.id, value } };
    },
  };
}

/** Its values may stand in groups. */
function settingOf(option: StreamObject): Setting {
  const listed = objectsIn(option, "options");
  const values = listed.flatMap((one) => (Array.isArray(one.options) ? objectsIn(one, "options") : [one]));
  return {
    id: textIn(option, "id"),
    value: textIn(option, "currentValue"),
    values: values.map((one) => textIn(one, "value")),
  };
}
