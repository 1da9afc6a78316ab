/**
 * Node's HTTP for an engine's socket, without what it would load and compile besides: `import()` of a built-in reads all that it
 * exports, and reading one of HTTP's loads the whole of `fetch`; and whether a socket's name is an IP address needs no pattern.
 */
export function socketHttp() {
  const http = process.getBuiltinModule("node:http");
  // As Node's own agent is, but for the name.
  const options = { keepAlive: true, timeout: 5000, servername: "" };
  const agent = new http.Agent(options);
  // The Docker client renders all that it sends for a log that nobody reads: not the agent's open sockets, too.
  Object.defineProperty(agent, Symbol.for("nodejs.util.inspect.custom"), { value: () => "agent" });
  return { get: http.get, agent };
}
