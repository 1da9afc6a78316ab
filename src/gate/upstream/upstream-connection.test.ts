import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { gateLimits } from "../limits.ts";
import { UpstreamConnection } from "./upstream-connection.ts";

it("ends an upstream that sends interim answers without end", () => {
  const socket = new PassThrough();
  const connection = new UpstreamConnection(socket as never, "192.0.2.1", gateLimits);
  const failures: string[] = [];
  connection.begin("GET", {
    head: () => true,
    data: () => {},
    end: () => {},
    failed: (reason) => void failures.push(reason),
    upstreamDrained: () => {},
    pieceDone: () => {},
  });
  for (let i = 0; i < 40; i += 1) socket.emit("data", Buffer.from("HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n"));
  expect(failures).toEqual(["it sends interim answers without end"]);
});
