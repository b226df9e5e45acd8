export const SignIn = () => <h1>Sign in</h1>;
export const Register = () => <h1>Register</h1>;
export const Forgot = () => <h1>Forgot</h1>;
export const Reset = () => <h1>Reset</h1>;
export const Verify = () => <h1>Verify</h1>;
