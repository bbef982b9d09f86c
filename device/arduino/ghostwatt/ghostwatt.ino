// Ghostwatt's meter and relays: measures up to four outlets, says so in JSON lines, switches as the Pi commands.
//
//   -> {"port":1,"voltage":230.1,"current":0.400,"power":92.0,"crc":28153}     every two seconds for each outlet
//   -> {"port":1,"error":"no_answer","crc":…}                                  its sensor does not answer
//   -> {"hello":"ghostwatt","crc":…}                                           after each start
//   <- {"port":1,"relay":"off"}
//   -> {"port":1,"relay":"off","ok":true,"crc":…}                              ok is false if there is no such outlet
//
// What is wired stands in config.h, how it is wired in ../README.md.
#include <EEPROM.h>
#include <avr/wdt.h>

#include "config.h"
#include "protocol.h"
#include "relay_memory.h"

#if METER == METER_PZEM
#include <SoftwareSerial.h>

#include "pzem.h"
SoftwareSerial bus(PZEM_RX_PIN, PZEM_TX_PIN);
const uint8_t addresses[] = PZEM_ADDRESSES;
#elif METER == METER_ACS712
#include "acs712.h"
const uint8_t sensor_pins[] = ACS712_PINS;
#else
#error "METER is METER_PZEM or METER_ACS712"
#endif

static_assert(PORTS >= 1 && PORTS <= 4, "PORTS is 1 to 4");

const uint8_t relay_pins[] = RELAY_PINS;
const uint8_t ALL = (1 << PORTS) - 1;
const uint32_t RUNNING = 0x6057A77A;

// Memory that a reset leaves alone and a power loss does not: tells one from the other.
uint32_t was_running __attribute__((section(".noinit")));

RelayMemory<decltype(EEPROM)> memory(EEPROM);
uint8_t cut = 0;  // a bit an outlet
LineBuffer heard;
uint8_t next_port = 0;
unsigned long measured_at_ms = 0;

void say(const char *line) { Serial.println(line); }

void drive_relay(uint8_t index) {
  bool is_cut = cut >> index & 1;
  bool energised = is_cut == static_cast<bool>(RELAY_CUTS_WHEN_ENERGISED);
  digitalWrite(relay_pins[index], energised == static_cast<bool>(RELAY_ACTIVE_LOW) ? LOW : HIGH);
}

uint8_t states_at_start() {
  bool lost_power = was_running != RUNNING;
  was_running = RUNNING;
  uint8_t kept = memory.recall();
  if (!lost_power || RELAY_AFTER_POWER_LOSS == KEEP) return kept & ALL;
  return RELAY_AFTER_POWER_LOSS == ALL_OFF ? ALL : 0;
}

void obey(const Command &command) {
  char line[MAX_LINE];
  bool known = command.port >= 1 && command.port <= PORTS;
  if (known) {
    uint8_t bit = 1 << (command.port - 1);
    cut = command.on ? cut & ~bit : cut | bit;
    drive_relay(command.port - 1);
    memory.keep(cut);
  }
  write_acknowledgement(line, command, known);
  say(line);
}

void hear() {
  Command command;
  while (Serial.available()) {
    if (heard.add(static_cast<char>(Serial.read())) && parse_command(heard.text, command)) obey(command);
  }
}

#if METER == METER_PZEM
bool measure(uint8_t index, Reading &reading) { return pzem_measure(bus, addresses[index], reading, hear); }
#else
bool measure(uint8_t index, Reading &reading) {
  Spread spread;
  unsigned long started = millis();
  while (millis() - started < 100) {  // five periods of 50 Hz, six of 60 Hz
    spread.add(analogRead(sensor_pins[index]));
    hear();
  }
  reading = acs712_reading(spread.counts(), ACS712_NOISE_COUNTS, ACS712_MILLIVOLTS_PER_AMP, SUPPLY_MILLIVOLTS,
                           MAINS_DECIVOLTS);
  return true;
}
#endif

void measure_next() {
  char line[MAX_LINE];
  Reading reading;
  if (measure(next_port, reading)) write_reading(line, next_port + 1, reading);
  else write_error(line, next_port + 1);
  say(line);
  next_port = (next_port + 1) % PORTS;
}

void setup() {
  wdt_disable();  // after a watchdog reset it still runs, and at its shortest
  cut = states_at_start();
  for (uint8_t index = 0; index < PORTS; index++) {
    drive_relay(index);  // before the pin drives anything, so that no relay clicks at a reset
    pinMode(relay_pins[index], OUTPUT);
  }
  memory.keep(cut);
  Serial.begin(BAUD);
#if METER == METER_PZEM
  bus.begin(9600);
#ifdef PZEM_SET_ADDRESS
  pzem_set_address(bus, PZEM_SET_ADDRESS);
#endif
#endif
#if WATCHDOG
  wdt_enable(WDTO_4S);
#endif
  char line[MAX_LINE];
  write_hello(line);
  say(line);
}

void loop() {
  wdt_reset();
  hear();
  if (millis() - measured_at_ms >= INTERVAL_MS / PORTS) {
    measured_at_ms += INTERVAL_MS / PORTS;
    measure_next();
  }
}
