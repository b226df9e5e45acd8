/** What the page before says to the sign-in page: in memory, so that nothing of it stands in an address. */

type Arrival = { email: string; note: string };

let arrival: Arrival = { email: "", note: "" };

export const arrive = (next: Arrival): void => {
  arrival = next;
};
export const arrived = (): Arrival => arrival;
