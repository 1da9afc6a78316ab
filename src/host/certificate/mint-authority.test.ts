import { createPrivateKey, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { mintAuthority } from "./mint-authority.ts";

describe("mintAuthority()", () => {
  it("gives a self-signed authority whose key fits, valid now", () => {
    const now = new Date();
    const { certificate, key } = mintAuthority("brisk-otter-00001", now, 3600);
    const cert = new X509Certificate(certificate);
    expect(cert.ca).toBe(true);
    expect(cert.verify(cert.publicKey)).toBe(true);
    expect(cert.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(cert.subject).toContain("brisk-otter-00001");
    expect(new Date(cert.validFrom).getTime()).toBeLessThan(now.getTime());
    expect(new Date(cert.validTo).getTime()).toBeGreaterThan(now.getTime());
  });

  it("must-have 33: never gives the same authority twice", () => {
    const [a, b] = [mintAuthority("a", new Date(), 60), mintAuthority("a", new Date(), 60)];
    const [first, second] = [new X509Certificate(a.certificate), new X509Certificate(b.certificate)];
    expect(first.serialNumber).not.toBe(second.serialNumber);
    expect(first.verify(second.publicKey)).toBe(false);
  });
});
