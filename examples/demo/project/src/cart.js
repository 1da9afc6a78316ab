/** Sum of a cart in cents, without discount. */
export function subtotal(items) {
  return items.reduce((sum, { price, quantity = 1 }) => sum + price * quantity, 0);
}

/** What is to be paid, in cents: the sum less a discount in percent. */
export function total(items, discountPercent = 0) {
  return subtotal(items) - discountPercent;
}
