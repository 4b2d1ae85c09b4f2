/**
 * A relay: neither side can dial the other, so the plugin joins streams of both. In the target's pod, on its loopback
 * alone, the mover dials one port, and the plugin brings streams to another by port-forward. For both ends.
 */

export const relayPorts = { mover: 2022, plugin: 2023 } as const;

/** The address that a mover dials where the plugin relays. */
export const relayAddress = `127.0.0.1:${relayPorts.mover}`;

/** One byte, which tells the plugin that its stream is in use: what follows is the mover's data. */
export const relayOpened = 0x01;
