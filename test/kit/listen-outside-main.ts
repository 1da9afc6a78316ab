// Listens at an address of the network that it was started in, and hands the socket to who started it.
import { createServer } from "node:net";

const [address = "", port = "0"] = process.argv.slice(2);
const server = createServer({ pauseOnConnect: true });
server.listen(Number(port), address, () => {
  const bound = server.address();
  process.send?.({ port: typeof bound === "object" ? bound?.port : 0 }, server);
});
process.on("disconnect", () => process.exit(0));
