import { describeSandbox } from "../../kit/sandbox-contract.ts";
import { launchSandbox } from "./local-kit.ts";

describeSandbox("local", (changes) => launchSandbox(changes === undefined ? {} : { plan: changes }));
