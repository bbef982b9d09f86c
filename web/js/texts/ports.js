/** Texts of the page of ports: what a script of one's own needs to send readings. */

export const portsTexts = {
  title: "Ports",
  intro: "For scripts of your own: each port's id, and lines that send a reading to it. A port is one outlet of a device.",
  none: "There are no ports yet. Pair a device and add an outlet first.",
  /** @param {string} device @param {number} channel */
  where: (device, channel) => `${device}, channel ${channel}`,
  id: "Id",
  /** @param {string} name */
  copyId: (name) => `Copy the id of ${name}`,
  token: "Token",
  tokenText: "The key of its device. All ports of a device share it.",
  makeToken: "Make a token…",
  /** @param {string} device */
  tokenTitle: (device) => `A token for the ports of ${device}`,
  tokenFor: {
    agent: "A Ghostwatt agent sends for this device. It has a token already. Once a script uses a new one, the agent is refused until you pair it again. For a script, add a device of its own.",
    used: "Something sends for this device already. It goes on until the new token is used for the first time; then the old one ends.",
    unused: "The token is the device's key. It takes the place of an older one when it is first used.",
  },
  newToken: "The new token",
  make: "Make the token",
  curl: "With curl",
  python: "With Python",
  /** @param {string} name @param {string} language */
  copyLines: (name, language) => `Copy the lines for ${name}: ${language}`,
  placeholder: "Put the token in the place of DEVICE_TOKEN.",
  filled: "With the token that you have just made. It is left out once you leave this page.",
  link: "Ids and tokens for scripts",
  cardTitle: "Scripts of your own",
  cardText: "The id of each port, and ready lines for curl and Python.",
};
