// Made-up answers for working on the pages without a pipeline: `npm run dev`. In development only; never built in.
import type { IncomingMessage, ServerResponse } from "node:http";

import type { Plugin } from "vite";

import { foundRoutes } from "./found.ts";
import { liveRoutes } from "./live.ts";
import { pipelineRoutes } from "./pipeline.ts";
import { statusRoutes } from "./status.ts";
import { topicRoutes } from "./topics.ts";

export interface Question {
  /** The groups of the route's pattern, decoded. */
  parts: string[];
  query: URLSearchParams;
  body: unknown;
}

export interface MockRoute {
  /** The whole path has to match. */
  path: RegExp;
  method?: "GET" | "POST";
  /** What is answered as JSON; undefined is a 404. */
  answer?: (question: Question) => unknown;
  /** Events instead: called with a function that sends; what it returns is called at the end. */
  stream?: (question: Question, send: (event: string, data: unknown) => void) => () => void;
}

const ROUTES: MockRoute[] = [
  ...statusRoutes,
  ...liveRoutes,
  ...pipelineRoutes,
  ...topicRoutes,
  ...foundRoutes,
];

/** Answer /api from the routes above. */
export function mock(): Plugin {
  return {
    name: "tocsin-mock",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const address = new URL(request.url ?? "/", "http://mock");
        if (!address.pathname.startsWith("/api/")) return next();
        void handle(request, response, address);
      });
    },
  };
}

async function handle(request: IncomingMessage, response: ServerResponse, address: URL): Promise<void> {
  for (const route of ROUTES) {
    const match = route.path.exec(address.pathname);
    if (!match || match[0] !== address.pathname || (route.method ?? "GET") !== request.method) continue;
    const question = {
      parts: match.slice(1).map(decodeURIComponent),
      query: address.searchParams,
      body: request.method === "POST" ? JSON.parse(await read(request)) : null,
    };
    if (route.stream) return streamed(request, response, route.stream, question);
    const answer = route.answer?.(question);
    if (answer !== undefined) return json(response, 200, answer);
  }
  json(response, 404, {
    error: `There is nothing at ${address.pathname}.`,
    hint: "The mock does not know it.",
  });
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
}

function streamed(
  request: IncomingMessage,
  response: ServerResponse,
  stream: NonNullable<MockRoute["stream"]>,
  question: Question,
): void {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  const stop = stream(question, (event, data) => {
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  });
  request.on("close", stop);
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf-8");
}
