#!/bin/sh
# The whole way with curl: an account, a device, an outlet, a reading, and what was stored.
# Usage: sh curl.sh EMAIL PASSWORD
API=http://localhost:8000/api
set -e
field() { sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }
post() { curl -sS --fail-with-body -H 'Content-Type: application/json' "$@"; }

# An account (POST /account/login for one that exists), and its session
SESSION=$(post $API/account/signup -d "{\"email\":\"$1\",\"password\":\"$2\"}" | field sessionToken)

# A device, and its key
KEY=$(post $API/device/register -H "x-session-token: $SESSION" -d '{"deviceId":"curl-'$$'","deviceName":"Kitchen"}' | field apiKey)

# One of its outlets
PORT=$(post $API/port -H "x-session-token: $SESSION" -d '{"deviceId":"curl-'$$'","name":"Kettle"}' | field portId)

# The device says that it is there, and sends a reading and sensors
post $API/device/heartbeat -H "Authorization: Device $KEY" -d '{}'
post $API/sensor/reading -d "{\"deviceToken\":\"$KEY\",\"portId\":\"$PORT\",\"voltage\":230,\"current\":0.4,\"power\":92}"
post $API/device/data -H "Authorization: Device $KEY" -d '{"sensors":{"temperature":21.5}}'

# What was stored
curl -sS $API/port/$PORT/history -H "x-session-token: $SESSION"
curl -sS $API/devices -H "x-session-token: $SESSION"
