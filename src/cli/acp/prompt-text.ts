import { fileURLToPath } from "node:url";
import type { ContentBlock } from "@agentclientprotocol/sdk";
import { cliFailure } from "../errors.ts";

/** A prompt as the editor made it, as one text: what it links to is named, what it brought along is quoted. */
export function promptText(blocks: readonly ContentBlock[]): string {
  const text = blocks.map(textOf).join("").trim();
  if (text === "") throw cliFailure("prompt_unreadable", { what: "an empty prompt" });
  return text;
}

function textOf(block: ContentBlock): string {
  switch (block.type) {
    case "text":
      return block.text;
    case "resource_link":
      return ` ${placeOf(block.uri)} `;
    case "resource": {
      const { resource } = block;
      if (!("text" in resource)) throw cliFailure("prompt_unreadable", { what: "a resource that is no text" });
      return `\n<context place=${JSON.stringify(placeOf(resource.uri))}>\n${resource.text}\n</context>\n`;
    }
    default:
      throw cliFailure("prompt_unreadable", { what: block.type });
  }
}

/** A file lies inside where it lies outside. */
function placeOf(uri: string): string {
  try {
    return uri.startsWith("file://") ? fileURLToPath(uri) : uri;
  } catch {
    return uri;
  }
}
