// One look at a file, in time that grows with its length alone: whether the detector, which takes longer to load than a
// small workspace to read, could find anything in it. A test holds it against the detector's own rules.

const hints = new RegExp(
  [
    "PRIVATE KEY",
    "secret_?access_?key",
    "_authToken=",
    "x-oauth-basic@",
    "://[-\\w]{1,256}:[^@\\s/]{1,200}@",
    "npm_\\w{36}",
    "xox[abopr]-",
    "xapp-",
    "hooks\\.slack\\.com",
    "sk-[\\w-]{16}",
    "gsk_\\w{16}",
    "hf_[a-z]{34}",
    "lin_api_",
    "ntn_\\d{11}",
    "secret_\\w{43}",
    "SG\\.\\w{2,128}\\.",
    "shp(?:pa|ca|at|ss)_",
    "[rs]k_(?:live|test)_",
    "gh[pousr]_\\w{16}",
    "github_pat_",
    "gl(?:pat-|c_|sa_)",
    "ops_ey",
    "hv[sbr]\\.\\w{16}",
    "vc[piark]_\\w{20}",
    "dapi[a-f0-9]{32}",
    "dckr_pat_",
    "figd_",
    "cf(?:k|ut|at)_\\w{40}",
    "tskey-",
    "service_account",
  ].join("|"),
  "i",
);

/** Whether it is worth showing this text to the detector. */
export const hasHint = (text: string): boolean => hints.test(text);
