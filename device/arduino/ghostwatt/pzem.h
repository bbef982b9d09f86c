// PZEM-004T v3 over Modbus-RTU, 9600 baud. Source of the registers: Peacefair's "PZEM-004T V3.0 User Manual", 2.3 and 2.4.
#pragma once

#include "protocol.h"

const uint8_t PZEM_REPLY_BYTES = 25;       // address, function, count, ten registers, CRC
const uint8_t PZEM_GENERAL_ADDRESS = 0xF8;  // answers whatever its address is, when it is alone on the bus
const unsigned long PZEM_REPLY_MS = 200;

// A request: a function, a register and a value (or a count), with its CRC, low byte first.
inline void pzem_request(uint8_t *out, uint8_t address, uint8_t function, uint16_t reg, uint16_t value) {
  const uint8_t body[] = {address, function, static_cast<uint8_t>(reg >> 8), static_cast<uint8_t>(reg),
                          static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
  memcpy(out, body, sizeof body);
  uint16_t crc = crc16(body, sizeof body);
  out[6] = static_cast<uint8_t>(crc);
  out[7] = static_cast<uint8_t>(crc >> 8);
}

// The reply to "read ten input registers"; false if it is not one, or not from this address.
inline bool pzem_parse(const uint8_t *reply, uint8_t address, Reading &reading) {
  uint16_t crc = crc16(reply, PZEM_REPLY_BYTES - 2);
  if (reply[PZEM_REPLY_BYTES - 2] != (crc & 0xFF) || reply[PZEM_REPLY_BYTES - 1] != (crc >> 8)) return false;
  if (reply[0] != address || reply[1] != 0x04 || reply[2] != 20) return false;
  uint16_t registers[5];
  for (uint8_t i = 0; i < 5; i++) registers[i] = static_cast<uint16_t>(reply[3 + 2 * i]) << 8 | reply[4 + 2 * i];
  reading.decivolts = registers[0];
  reading.milliamps = static_cast<uint32_t>(registers[2]) << 16 | registers[1];
  reading.deciwatts = static_cast<uint32_t>(registers[4]) << 16 | registers[3];
  return true;
}

// Measures; `meanwhile` is called while the module thinks. False if no good answer comes in time.
template <class Bus>
bool pzem_measure(Bus &bus, uint8_t address, Reading &reading, void (*meanwhile)()) {
  uint8_t request[8], reply[PZEM_REPLY_BYTES];
  while (bus.available()) bus.read();  // what came late from another module
  pzem_request(request, address, 0x04, 0, 10);
  bus.write(request, sizeof request);
  uint8_t length = 0;
  unsigned long started = millis();
  while (length < PZEM_REPLY_BYTES && millis() - started < PZEM_REPLY_MS) {
    meanwhile();
    while (length < PZEM_REPLY_BYTES && bus.available()) reply[length++] = static_cast<uint8_t>(bus.read());
  }
  return length == PZEM_REPLY_BYTES && pzem_parse(reply, address, reading);
}

// Gives an address (1 to 247) to the only module on the bus.
template <class Bus>
void pzem_set_address(Bus &bus, uint8_t address) {
  uint8_t request[8];
  pzem_request(request, PZEM_GENERAL_ADDRESS, 0x06, 2, address);
  bus.write(request, sizeof request);
}
