import { renderCommandsPage } from "./commands-page.ts";
import { renderErrorsPage } from "./errors-page.ts";
import { renderEventsPage } from "./events-page.ts";
import { renderProvidersPage } from "./providers-table.ts";
import { renderRunTimeSchemas, renderSchemas } from "./schemas.ts";

/** Every generated file of the tree, by its path, with the text that it should have. */
export async function renderGeneratedFiles(): Promise<Readonly<Record<string, string>>> {
  const schemas = Object.entries(renderSchemas()).map(([name, text]) => [`schema/${name}`, text] as const);
  const read = Object.entries(renderRunTimeSchemas()).map(
    ([name, text]) => [`src/spec/generated/${name}`, text] as const,
  );
  return {
    ...Object.fromEntries([...schemas, ...read]),
    "docs/errors.md": await renderErrorsPage(),
    "docs/commands.md": await renderCommandsPage(),
    "docs/providers.md": renderProvidersPage(),
    "docs/events.md": renderEventsPage(),
  };
}
