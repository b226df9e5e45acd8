/** All words in one type: a second language implements it, and the compiler finds what it lacks. */
import { common, states } from "./common";
import { shell } from "./shell";

export const en = { common, states, shell };

export type Words = typeof en;
