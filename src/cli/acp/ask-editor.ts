import { type AgentContext, methods, type RequestPermissionOutcome } from "@agentclientprotocol/sdk";
import type { Question } from "../../spec/session.ts";
import { permissionRequest } from "./permission-request.ts";
import type { SealedSession } from "./sealed-session.ts";

/** Asks the editor's person what the agent's CLI asks, and tells the CLI. Never rejects: no answer is one, too. */
export async function askEditor(
  { editor, sealed }: { readonly editor: Pick<AgentContext, "request">; readonly sealed: SealedSession },
  question: Question,
  toolCallId: string | undefined,
): Promise<void> {
  const { slug, workdir } = sealed;
  const outcome: RequestPermissionOutcome =
    question.kind === "text"
      ? { outcome: "cancelled" }
      : await editor
          .request(
            methods.client.session.requestPermission,
            permissionRequest(question, { sessionId: slug, workdir, toolCallId }),
          )
          .then((response) => response.outcome)
          .catch(() => ({ outcome: "cancelled" }));
  const answer = outcome.outcome === "selected" ? { option: outcome.optionId } : { cancelled: true as const };
  // Somebody else may have answered meanwhile, or the turn is over.
  await sealed.command({ type: "answer", question: question.question, answer }).catch(() => {});
}
