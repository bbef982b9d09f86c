#!/bin/sh
# Send sensors by MQTT, and show the server's answer. Usage: sh mosquitto.sh DEVICE_ID KEY
# The broker's port: make serve MQTT_PORT=1883
HOST=localhost PORT=1883
ID=$1 KEY=$2

mosquitto_sub -h $HOST -p $PORT -i "$ID-listener" -u "$ID" -P "$KEY" -t "iot/devices/$ID/commands" -C 1 -W 30 &
sleep 1
mosquitto_pub -h $HOST -p $PORT -i "$ID" -u "$ID" -P "$KEY" -t "iot/devices/$ID/data" -q 1 \
  -m '{"temperature": 23.5, "humidity": 55, "pressure": 1013.25}'
wait
