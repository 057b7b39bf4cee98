//! Alerts of a failure that did not happen.

use std::env;
use std::fmt::Write as _;

use super::Alert;
use crate::settings::{AlertTest, NotAVariable};

const TITLE: &str = "Test Alert";

impl Alert {
    /// Sends what a failure as `test` describes it would send, and tells what became of it.
    ///
    /// # Errors
    /// [`NotAVariable`] for a variable of the test that is none; nothing is sent then.
    ///
    /// # Examples
    /// ```
    /// use samara::alert::Alert;
    /// use samara::settings::AlertTest;
    ///
    /// let test = AlertTest { exception: Some("disk full".into()), ..AlertTest::default() };
    /// assert_eq!(Alert::default().test(&test)?, "no trigger fires\n");
    /// # Ok::<(), samara::settings::NotAVariable>(())
    /// ```
    pub fn test(&self, test: &AlertTest) -> Result<String, NotAVariable> {
        let variables = test.variables()?;
        let variable = |name: &str| variables.get(name).cloned().or_else(|| env::var(name).ok());
        let exception = test.exception.as_deref().unwrap_or("Test alert triggered");
        let mut report = String::new();
        for trigger in self.firing(exception, &variable) {
            // Writing to a String cannot fail.
            let _ = writeln!(report, "trigger `{}` fires", trigger.id);
            for (channel, sent) in self.send(trigger, TITLE, exception) {
                let _ = match sent {
                    Ok(()) => writeln!(report, "  channel `{}`: sent", channel.id()),
                    Err(error) => {
                        writeln!(report, "  channel `{}`: not sent: {error}", channel.id())
                    }
                };
            }
        }
        if report.is_empty() {
            report.push_str("no trigger fires\n");
        }
        Ok(report)
    }
}
