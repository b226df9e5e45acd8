/** The pages before somebody is signed in, in one piece: who sees one of them soon sees another. */
export { Forgot } from "./Forgot";
export { Reset, Verify } from "./links";
export { Register } from "./Register";
export { SignIn } from "./SignIn";
