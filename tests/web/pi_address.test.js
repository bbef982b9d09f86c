import assert from "node:assert/strict";
import { test } from "node:test";

import { piAddress } from "../../web/js/pages/pairing/pi_address.js";

test("a name or an address of a Pi becomes the address of its page", () => {
  assert.equal(piAddress("raspberrypi.local"), "http://raspberrypi.local:5000/");
  assert.equal(piAddress(" 192.168.1.7 "), "http://192.168.1.7:5000/");
  assert.equal(piAddress("HTTP://Pi:5001/anything"), "http://pi:5001/");
});

test("what names no host leads nowhere", () => {
  for (const typed of ["", " ", "a b", "javascript:alert(1)", "https://pi.local", "pi:port", "pi:1:2", "user@pi", "-", "pi?x", "[::1]"]) {
    assert.equal(piAddress(typed), null, typed);
  }
});
