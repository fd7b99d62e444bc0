// Checks the identities that Support Console's gateway signs for the requests it forwards.
// Needs Node 20 or newer and no packages. docs/security.md says what is checked, and why.
//
//   import { IdentityVerifier } from "./verify-identity.mjs";
//   const verifier = new IdentityVerifier({
//     issuer: "https://console.example.com", // console.public_url, without a trailing slash
//     audience: "http://10.0.0.5:8080",      // gateway.identity_audience, or the upstream's origin
//   });
//   const claims = await verifier.verify(request); // throws an IdentityError: answer 401
//   // Then check that the resource belongs to claims.tenant_id (and claims.organization_id).
//
// Run as a program, it is an upstream that answers with the claims, or with the error's code:
//
//   node verify-identity.mjs --listen 127.0.0.1:8080 --issuer https://console.example.com \
//     --audience http://127.0.0.1:8080 [--key-set https://console.example.com/.well-known/jwks.json]

import { createHash, createPublicKey, verify } from "node:crypto";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const HEADER = "support-identity";
const TYPE = "support-identity+jwt";
const MAX_LIFETIME = 15; // seconds
const KEEP_KEYS = 300_000; // milliseconds
const ASK_AGAIN = 5_000; // milliseconds, at the soonest

/** Why an identity was rejected. `code` is stable. */
export class IdentityError extends Error {
  constructor(code) {
    super(`the identity is not believed: ${code}`);
    this.code = code;
  }
}

const refuse = (code) => {
  throw new IdentityError(code);
};

/** The published keys, cached for as long as the console permits. */
class KeySet {
  #url;
  #keys = new Map();
  #fetchedAt = -Infinity;

  constructor(url) {
    this.#url = url;
  }

  async find(kid) {
    const age = performance.now() - this.#fetchedAt;
    // A key is published long before it signs. An unknown one is most likely forged, and a forger
    // must not make us fetch the set for each request.
    if (age > KEEP_KEYS || (!this.#keys.has(kid) && age > ASK_AGAIN)) await this.#fetch();
    return this.#keys.get(kid);
  }

  async #fetch() {
    this.#fetchedAt = performance.now();
    const answer = await fetch(this.#url, { signal: AbortSignal.timeout(5_000) });
    if (!answer.ok) throw new Error(`the key set can't be fetched: ${answer.status}`);
    const { keys } = await answer.json();
    const ours = keys.filter((key) => key.kty === "OKP" && key.crv === "Ed25519");
    this.#keys = new Map(ours.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: "jwk" })]));
  }
}

export class IdentityVerifier {
  #issuer;
  #audience;
  #leeway;
  #keySet;
  #seen = new Map();

  /** `leeway`: how many seconds the clocks may differ. */
  constructor({ issuer, audience, keySet = `${issuer}/.well-known/jwks.json`, leeway = 5 }) {
    this.#issuer = issuer;
    this.#audience = audience;
    this.#leeway = leeway;
    this.#keySet = new KeySet(keySet);
  }

  /** The claims of the identity that a request of `node:http` carries. */
  async verify(request) {
    // Node joins repeated fields with a comma, which no identity contains.
    const token = request.headers[HEADER] ?? refuse("missing");
    const claims = await this.#signed(token);
    this.#checkClaims(claims, request);
    this.#checkReplay(claims);
    return claims;
  }

  async #signed(token) {
    const parts = token.split(".");
    if (parts.length !== 3 || !parts.every((part) => /^[A-Za-z0-9_-]*$/.test(part))) refuse("malformed");
    const [header, claims] = parts.slice(0, 2).map((part) => {
      try {
        return JSON.parse(Buffer.from(part, "base64url").toString("utf8")) ?? refuse("malformed");
      } catch {
        return refuse("malformed");
      }
    });
    // We choose the algorithm, never the token (RFC 8725 §3.1).
    if (header.alg !== "EdDSA" || "crit" in header) refuse("wrong_algorithm");
    if (header.typ !== TYPE) refuse("wrong_type");
    const key = (await this.#keySet.find(header.kid)) ?? refuse("unknown_key");
    const signed = Buffer.from(`${parts[0]}.${parts[1]}`);
    if (!verify(null, signed, key, Buffer.from(parts[2], "base64url"))) refuse("bad_signature");
    return claims;
  }

  #checkClaims(claims, request) {
    const now = Math.floor(Date.now() / 1000);
    if (claims.iss !== this.#issuer) refuse("wrong_issuer");
    if (claims.aud !== this.#audience) refuse("wrong_audience");
    if (!(claims.iat <= now + this.#leeway)) refuse("not_yet_valid");
    if (!(now < claims.exp + this.#leeway)) refuse("expired");
    if (!(claims.exp - claims.iat <= MAX_LIFETIME)) refuse("too_long");
    if (claims.method !== request.method) refuse("wrong_method");
    // `url` is the target in the request line: path and query, nothing decoded.
    const hash = createHash("sha256").update(request.url).digest("base64url");
    if (claims.path_hash !== hash) refuse("wrong_path");
  }

  /** Each process remembers only what it has seen itself. With several processes, share it. */
  #checkReplay(claims) {
    const now = Date.now() / 1000;
    // Oldest first. Expired ones can't be used again anyway.
    for (const [jti, forgetAt] of this.#seen) {
      if (forgetAt > now) break;
      this.#seen.delete(jti);
    }
    if (this.#seen.has(claims.jti)) refuse("replayed");
    this.#seen.set(claims.jti, now + MAX_LIFETIME + 2 * this.#leeway);
  }
}

function serve({ listen, issuer, audience, "key-set": keySet }) {
  const verifier = new IdentityVerifier({ issuer, audience, keySet });
  const server = createServer(async (request, response) => {
    const answer = (status, body) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    try {
      answer(200, { claims: await verifier.verify(request) });
    } catch (error) {
      if (error instanceof IdentityError) answer(401, { error: error.code });
      else answer(503, { error: "unavailable" });
    }
  });
  const [host, port] = listen.split(":");
  server.listen(Number(port), host);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const text = { type: "string" };
  const options = { listen: text, issuer: text, audience: text, "key-set": text };
  serve(parseArgs({ options }).values);
}
