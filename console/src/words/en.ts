/** All words in one type: a second language implements it, and the compiler finds what it lacks. */
import { common, states } from "./common";
import * as jobs from "./jobs";
import { shell } from "./shell";
import * as templates from "./templates";

export const en = { common, states, shell, ...jobs, ...templates };

export type Words = typeof en;
