import assert from "node:assert/strict";
import { test } from "node:test";
import { subtotal, total } from "../src/cart.js";

const items = [{ price: 1250, quantity: 2 }, { price: 500 }];

test("adds up prices and quantities", () => {
  assert.equal(subtotal(items), 3000);
});

test("takes nothing off without a discount", () => {
  assert.equal(total(items), 3000);
});

test("takes a discount off in percent", () => {
  assert.equal(total(items, 10), 2700);
});
