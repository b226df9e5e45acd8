import { useState } from "react";
import { setSingleKeys, setTheme, singleKeys, theme } from "@/lib/store";
import { Shortcuts } from "@/parts/Shortcuts";
import { Check, RadioCards } from "@/ui/Field";
import { preferences as words } from "@/words/settings";
import { shell } from "@/words/shell";
import { Section } from "./Section";
import style from "./settings.module.css";

export default function Preferences() {
  const [look, setLook] = useState(theme);
  const [keys, setKeys] = useState(singleKeys);
  return (
    <div className={style.narrow}>
      <Section title={words.title} text={words.text}>
        <div className={style.form}>
          <h3>{words.theme}</h3>
          <RadioCards
            label={words.theme}
            value={look}
            onChange={(chosen) => {
              setTheme(chosen);
              setLook(chosen);
            }}
            options={[
              { value: "system", label: shell.system },
              { value: "light", label: shell.light },
              { value: "dark", label: shell.dark },
            ]}
          />
          <Check
            label={words.keys}
            hint={words.keysHint}
            checked={keys}
            onChange={(on) => {
              setSingleKeys(on);
              setKeys(on);
            }}
          />
        </div>
      </Section>
      <Section title={words.list}>
        <div className="card-pad">
          <Shortcuts />
        </div>
      </Section>
    </div>
  );
}
