// Gives orders to the keeper of its own sandbox, or of another one, over the socket in the state folder TARGET.
import { readdirSync } from "node:fs";
import { connect } from "node:net";

const folder = process.env.TARGET ?? "";
console.log("ATTACK-STARTED");
try {
  for (const slug of readdirSync(folder)) {
    const socket = connect(`${folder}/${slug}/keeper.sock`);
    socket.on("error", (error) => console.log(`${slug}: ${error.message}`));
    socket.on("connect", () => socket.write('{"type":"status","id":"mine"}\n'));
    socket.on("data", (bytes) => {
      console.log(`ATTACK-SUCCEEDED the keeper of ${slug} answered ${bytes.toString().slice(0, 100)}`);
      process.exit(0);
    });
  }
  setTimeout(() => {
    console.log("ATTACK-BLOCKED no keeper answered");
    process.exit(1);
  }, 20_000);
} catch (error) {
  console.log(`ATTACK-BLOCKED ${(error as Error).message}`);
}
