// The outside world's name server, in the namespace that it was started in. Ends with who started it.
import { createSocket } from "node:dgram";
import { addresses } from "./world-addresses.ts";
import { answerDns } from "./world-dns.ts";

const socket = createSocket("udp4");
socket.on("message", (query, from) => {
  const answer = answerDns(query);
  if (answer !== undefined) socket.send(answer.reply, from.port, from.address);
});
socket.bind(53, addresses.resolver, () => process.send?.("ready"));
process.on("disconnect", () => process.exit(0));
