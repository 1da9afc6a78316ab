import { describe, expect, it } from "vitest";
import { readAddressSet, refuseAddress } from "./address-rules.ts";

const set = (...texts: readonly string[]) => {
  const addresses = readAddressSet(texts);
  if ("invalid" in addresses) throw new Error(addresses.invalid);
  return addresses;
};
const rules = { allowed: set("10.1.0.0/16", "::1"), forbidden: set("203.0.113.9", "2001:db8::9") };

describe("refuseAddress()", () => {
  it.each([
    "93.184.216.34",
    "203.0.113.8",
    "198.51.100.1",
    "192.0.2.1",
    "2606:4700::1111",
    "2001:db8::1",
    "10.1.2.3",
    "::1",
  ])("lets %s pass", (address) => expect(refuseAddress(address, rules)).toBeUndefined());

  it.each([
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.169.254",
    "169.254.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::2",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8",
    "::8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "203.0.113.9",
    "2001:db8::9",
    "localhost",
    "",
    "2130706433",
  ])("refuses %s", (address) => expect(refuseAddress(address, rules)).toBeTypeOf("string"));
});

describe("readAddressSet()", () => {
  it.each([
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0.0/-1",
    "10.0.0",
    "example.com",
    "fe80::1%eth0",
    "::/129",
  ])("refuses %s", (text) => expect(readAddressSet(["10.0.0.0/8", text])).toEqual({ invalid: text }));
});
