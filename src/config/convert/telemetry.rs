//! `[log]`.

use super::{Choices, Conversion};
use crate::config::file::LogTable;
use crate::config::{Log, LogFormat, LogUser};

impl Conversion<'_> {
    pub(super) fn log(&mut self, table: &LogTable) -> Log {
        use tracing::Level;
        let format = Choices {
            words: &["json", "text"],
            values: &[LogFormat::Json, LogFormat::Text],
        };
        let level = Choices {
            words: &["error", "warn", "info", "debug", "trace"],
            values: &[
                Level::ERROR,
                Level::WARN,
                Level::INFO,
                Level::DEBUG,
                Level::TRACE,
            ],
        };
        let user = Choices {
            words: &["hash", "plain", "off"],
            values: &[LogUser::Hash, LogUser::Plain, LogUser::Off],
        };
        Log {
            format: self.choice(table.format.as_ref(), &format, LogFormat::Json),
            level: self.choice(table.level.as_ref(), &level, Level::INFO),
            user: self.choice(table.user.as_ref(), &user, LogUser::Hash),
        }
    }
}
