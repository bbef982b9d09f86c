// What is wired to the Arduino. Change this file, not the others; ../README.md shows the wiring.
#pragma once

#define METER_PZEM 1    // PZEM-004T v3, one an outlet: real volts, amps and watts, down to 0.4 W
#define METER_ACS712 2  // ACS712, one an outlet: amps only, and nothing below about 10 W

#ifndef METER
#define METER METER_PZEM
#endif
#ifndef PORTS
#define PORTS 4  // 1 to 4 outlets
#endif

#define BAUD 9600
#define INTERVAL_MS 2000UL  // every outlet is measured once in this time

// Relays
#define RELAY_PINS {4, 5, 6, 7}
#ifndef RELAY_ACTIVE_LOW
#define RELAY_ACTIVE_LOW 1  // most modules with an optocoupler switch when their input is LOW
#endif
#ifndef RELAY_CUTS_WHEN_ENERGISED
#define RELAY_CUTS_WHEN_ENERGISED 1  // the outlet hangs on NC: it has power while the Arduino is off
#endif
#define KEEP 0
#define ALL_ON 1
#define ALL_OFF 2
#ifndef RELAY_AFTER_POWER_LOSS
#define RELAY_AFTER_POWER_LOSS KEEP  // until the Pi commands; a mere reset keeps the states always
#endif

// PZEM-004T v3: all on one bus, so each needs an address of its own (../README.md says how to give it one)
#define PZEM_RX_PIN 2  // to the modules' TX
#define PZEM_TX_PIN 3  // to the modules' RX
#define PZEM_ADDRESSES {1, 2, 3, 4}
// #define PZEM_SET_ADDRESS 2  // gives this address to the one module that is connected, then measures as usual

// ACS712
#define ACS712_PINS {A0, A1, A2, A3}
#define ACS712_MILLIVOLTS_PER_AMP 185.0  // 185: the 5 A type; 100: 20 A; 66: 30 A
#define ACS712_NOISE_COUNTS 1.2          // what is read with nothing plugged in; ../README.md says how to find it
#define MAINS_DECIVOLTS 2300             // taken as given, since the ACS712 does not see the voltage
#define SUPPLY_MILLIVOLTS 5000.0

// Some old Nanos have a boot loader that never gets past a watchdog reset: then set this to 0.
#ifndef WATCHDOG
#define WATCHDOG 1
#endif
