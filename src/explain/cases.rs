//! `--cases`: a table of requests and what is expected of each, for the CI of
//! whoever owns a configuration.
//!
//! Owns the file's format and the comparison. Every expectation is checked by
//! the same steps that requests take.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::claims::{self, By, ClaimsError};
use super::request::{RequestTextError, Requested};
use super::{Answer, words};
use crate::gate::explain::{Asking, Explanation, Outcome};

/// Why cases cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum CasesError {
    /// A file that cannot be read, or holds no claims.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// Not TOML, or not of this shape.
    #[error("{file}: {problem}", file = .0.display(), problem = .1)]
    Shape(PathBuf, #[source] Box<toml::de::Error>),
    /// No case: nothing would ever fail.
    #[error("{}: there is no [[case]] in it", .0.display())]
    None(PathBuf),
    /// A case that is wrong in itself.
    #[error("{}: case \"{case}\": {problem}", file.display())]
    Case {
        /// The file.
        file: PathBuf,
        /// The case's name.
        case: String,
        /// What is wrong.
        problem: CaseProblem,
    },
}

impl CasesError {
    /// Whether a file that is named is not there, or is not to be read.
    pub(super) fn is_unreadable(&self) -> bool {
        matches!(self, Self::Claims(ClaimsError::Unreadable { .. }))
    }
}

/// What is wrong with a case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseProblem {
    /// Claims by a name that nothing has.
    #[error("there is no [claims.{0}], and it is no file that ends in .json")]
    NoSuchClaims(String),
    /// A provider that is not configured.
    #[error("the configuration has no provider \"{0}\"")]
    NoSuchProvider(String),
    /// Nothing is expected.
    #[error("expects nothing; write expect.outcome, .status, .reason, .route or .headers")]
    NothingExpected,
    /// An outcome that there is not.
    #[error("there is no outcome \"{0}\"; there are {words}", words = outcomes())]
    Outcome(String),
    /// `true` for a header.
    #[error("a header is expected with its value, or with false to be absent ({0})")]
    Header(String),
    /// See [`RequestTextError`].
    #[error("request: {0}")]
    Request(#[from] RequestTextError),
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CasesFile {
    /// People, by a name for this file.
    #[serde(default)]
    claims: BTreeMap<String, ClaimsOf>,
    #[serde(default, rename = "case")]
    cases: Vec<Case>,
}

/// Claims in the file, or in a JSON file beside it.
#[derive(Deserialize)]
#[serde(untagged)]
enum ClaimsOf {
    File(PathBuf),
    Inline(Map<String, Value>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// A name of `[claims]`, a JSON file, or claims; nothing: signed out.
    claims: Option<ClaimsOf>,
    /// Whose claims they are, where there are several providers.
    provider: Option<String>,
    request: String,
    expect: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    outcome: Option<String>,
    status: Option<u16>,
    reason: Option<String>,
    route: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, Header>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Header {
    Value(String),
    Absent(bool),
}

/// One case and how it went.
struct Ran {
    name: String,
    request: String,
    differences: Vec<Difference>,
}

/// One thing that is not as expected.
struct Difference {
    what: String,
    expected: String,
    found: String,
}

/// Runs all cases of a file.
pub(super) fn run(by: By<'_>, path: &Path, as_json: bool) -> Result<Answer, CasesError> {
    let text = claims::read(path)?;
    let file: CasesFile = toml::from_str(&text)
        .map_err(|error| CasesError::Shape(path.to_owned(), Box::new(error)))?;
    if file.cases.is_empty() {
        return Err(CasesError::None(path.to_owned()));
    }
    let cases = Cases {
        by,
        path,
        people: &file.claims,
    };
    let ran: Vec<Ran> = file
        .cases
        .iter()
        .map(|case| cases.run(case))
        .collect::<Result<_, _>>()?;
    let holds = ran.iter().all(|ran| ran.differences.is_empty());
    let text = match as_json {
        true => format!("{:#}\n", to_json(&ran)),
        false => to_words(&ran),
    };
    let notes = Vec::new();
    Ok(Answer { text, notes, holds })
}

/// What all cases of a file share.
struct Cases<'c> {
    by: By<'c>,
    path: &'c Path,
    people: &'c BTreeMap<String, ClaimsOf>,
}

impl Cases<'_> {
    fn run(&self, case: &Case) -> Result<Ran, CasesError> {
        let wrong = |problem| CasesError::Case {
            file: self.path.to_owned(),
            case: case.name.clone(),
            problem,
        };
        case.expect.check().map_err(wrong)?;
        let requested = Requested::parse(&case.request, &self.by.config.server)
            .map_err(|error| wrong(error.into()))?;
        let asking = match &case.claims {
            None => Asking::Nobody,
            Some(claims) => self.asking(case.provider.as_deref(), claims, wrong)?,
        };
        let told = requested.explain(self.by.gate, &asking);
        Ok(Ran {
            name: case.name.clone(),
            request: case.request.clone(),
            differences: case.expect.differences(&told),
        })
    }

    fn asking(
        &self,
        provider: Option<&str>,
        claims: &ClaimsOf,
        wrong: impl Fn(CaseProblem) -> CasesError,
    ) -> Result<Asking, CasesError> {
        if let Some(id) = provider.filter(|id| self.by.config.provider(id).is_none()) {
            return Err(wrong(CaseProblem::NoSuchProvider(id.to_owned())));
        }
        let by = By {
            provider: provider.or(self.by.provider),
            ..self.by
        };
        let name = match claims {
            ClaimsOf::Inline(claims) => return self.inline(by, claims),
            ClaimsOf::File(name) => name,
        };
        match name.to_str().and_then(|name| self.people.get(name)) {
            Some(ClaimsOf::Inline(claims)) => self.inline(by, claims),
            Some(ClaimsOf::File(file)) => self.file(by, file),
            None if name.extension().is_some_and(|end| end == "json") => self.file(by, name),
            None => Err(wrong(CaseProblem::NoSuchClaims(name.display().to_string()))),
        }
    }

    fn inline(&self, by: By<'_>, claims: &Map<String, Value>) -> Result<Asking, CasesError> {
        Ok(claims::of(claims.clone(), self.path, by)?)
    }

    fn file(&self, by: By<'_>, file: &Path) -> Result<Asking, CasesError> {
        let file = self.path.parent().unwrap_or(Path::new("")).join(file);
        Ok(claims::from_file(&file, by)?)
    }
}

impl Expected {
    fn check(&self) -> Result<(), CaseProblem> {
        if let Some(outcome) = &self.outcome
            && !Outcome::ALL.iter().any(|known| known.word() == outcome)
        {
            return Err(CaseProblem::Outcome(outcome.clone()));
        }
        for (name, header) in &self.headers {
            if let Header::Absent(true) = header {
                return Err(CaseProblem::Header(name.clone()));
            }
        }
        let Self {
            outcome,
            status,
            reason,
            route,
            headers,
        } = self;
        let nothing = outcome.is_none()
            && status.is_none()
            && reason.is_none()
            && route.is_none()
            && headers.is_empty();
        if nothing {
            return Err(CaseProblem::NothingExpected);
        }
        Ok(())
    }

    fn differences(&self, told: &Explanation) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut compare = |what: &str, expected: Option<String>, is: &str, shown: String| {
            if let Some(expected) = expected
                && expected != is
            {
                found.push(Difference {
                    what: what.to_owned(),
                    expected,
                    found: shown,
                });
            }
        };
        let outcome = told.outcome.word();
        compare(
            "outcome",
            self.outcome.clone(),
            outcome,
            words::outcome(told),
        );
        let status = told.status.map_or("none".to_owned(), |s| s.to_string());
        let expected = self.status.map(|status| status.to_string());
        compare("status", expected, &status, status.clone());
        let reason = told.reason.unwrap_or("none");
        compare("reason", self.reason.clone(), reason, reason.to_owned());
        let route = told.route.as_deref().unwrap_or("none");
        compare("route", self.route.clone(), route, route.to_owned());
        for (name, expected) in &self.headers {
            let is = told
                .headers
                .iter()
                .find(|(other, _)| other.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str());
            let absent = "(absent)";
            let expected = match expected {
                Header::Value(value) => value.clone(),
                Header::Absent(_) => absent.to_owned(),
            };
            let is = is.unwrap_or(absent);
            compare(&format!("header {name}"), Some(expected), is, is.to_owned());
        }
        found
    }
}

fn outcomes() -> String {
    let words: Vec<_> = Outcome::ALL.iter().map(|outcome| outcome.word()).collect();
    words.join(", ")
}

fn to_words(ran: &[Ran]) -> String {
    let mut lines = Vec::new();
    for case in ran.iter().filter(|ran| !ran.differences.is_empty()) {
        lines.push(format!("DIFFERS  {}", case.name));
        lines.push(format!("    {}", case.request));
        for one in &case.differences {
            lines.push(format!("    {}", one.what));
            lines.push(format!("      expected  {}", one.expected));
            lines.push(format!("      found     {}", one.found));
        }
    }
    let differ = ran.iter().filter(|ran| !ran.differences.is_empty()).count();
    let all = match ran.len() {
        1 => "1 case".to_owned(),
        many => format!("{many} cases"),
    };
    lines.push(match differ {
        0 => format!("{all}: as expected"),
        1 => format!("{all}: 1 differs"),
        many => format!("{all}: {many} differ"),
    });
    let lines: Vec<_> = lines.iter().map(|line| words::visible(line)).collect();
    lines.join("\n") + "\n"
}

fn to_json(ran: &[Ran]) -> Value {
    let difference = |one: &Difference| json!({ "what": one.what, "expected": one.expected, "found": one.found });
    let case = |ran: &Ran| {
        let differences: Vec<Value> = ran.differences.iter().map(difference).collect();
        json!({
            "name": ran.name,
            "request": ran.request,
            "holds": differences.is_empty(),
            "differences": differences,
        })
    };
    let cases: Vec<Value> = ran.iter().map(case).collect();
    json!({ "cases": cases })
}
