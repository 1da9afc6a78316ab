import { describeBattery } from "./describe-battery.ts";

describeBattery("local", { enough: 60 });
