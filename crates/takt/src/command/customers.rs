//! `takt customers`: who a customer is, written down, told, forgotten for good, and encrypted anew with the newest key. It must not know how
//! anything is encrypted. Invariant: a person is never an argument, because arguments can be read by everybody on a machine.
use std::io::Read;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use takt_contract::delivery::v1::customer_service_client::CustomerServiceClient;
use takt_contract::delivery::v1::{
    EraseCustomerRequest, GetCustomerRequest, Person as PersonPb, PutCustomerRequest,
    ReencryptCustomersRequest,
};

use super::target::{TargetArgs, told_by};
use crate::connection::{Peer, ask, new_id};
use crate::failure::{Failure, Outcome};
use crate::output::{Answer, Format, grouped};

const EXAMPLES: &str = "\
Examples:
  takt customers put C-1 person.json          write down who C-1 is; - reads from standard input
  takt customers show C-1
  takt customers erase C-1                    forget for good; orders stay and know the pseudonym alone
  takt customers reencrypt                    after a new key was put before the old one

person.json: {\"name\": \"..\", \"address_lines\": [\"..\"], \"phone\": \"..\", \"email\": \"..\"}
docs/personal-data.md says what is kept, how, and how keys are changed.";

/// What can be done about customers.
#[derive(Debug, Subcommand)]
pub(super) enum CustomersTask {
    /// Write down who a customer is, or what has changed
    #[command(after_help = EXAMPLES)]
    Put(PutArgs),
    /// Tell who a customer is
    #[command(after_help = EXAMPLES)]
    Show(CustomerArgs),
    /// Forget who a customer is, for good
    #[command(after_help = EXAMPLES)]
    Erase(CustomerArgs),
    /// Encrypt every person anew with the newest key
    #[command(after_help = EXAMPLES)]
    Reencrypt(ReencryptArgs),
}

/// Whom to write down.
#[derive(Debug, Args)]
pub(super) struct PutArgs {
    /// The customer, by the pseudonym that orders carry
    #[arg(value_name = "CUSTOMER")]
    customer: String,
    /// The person as JSON; - reads from standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    target: TargetArgs,
}

/// A customer.
#[derive(Debug, Args)]
pub(super) struct CustomerArgs {
    /// The customer, by the pseudonym that orders carry
    #[arg(value_name = "CUSTOMER")]
    customer: String,
    #[command(flatten)]
    target: TargetArgs,
}

/// Where to encrypt anew.
#[derive(Debug, Args)]
pub(super) struct ReencryptArgs {
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    name: String,
    #[serde(default)]
    address_lines: Vec<String>,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    email: String,
}

#[derive(Debug, Serialize)]
struct Written {
    customer: String,
    created: bool,
}

#[derive(Debug, Serialize)]
struct Shown {
    customer: String,
    person: Person,
}

#[derive(Debug, Serialize)]
struct Erased {
    customer: String,
    orders: i64,
}

#[derive(Debug, Serialize)]
struct Reencrypted {
    reencrypted: i64,
    left: i64,
}

pub(super) async fn run(task: CustomersTask, output: Format) -> Outcome<()> {
    match task {
        CustomersTask::Put(args) => {
            told_by!(args.target, output, delivery, |peer| put(peer, &args))
        }
        CustomersTask::Show(args) => {
            told_by!(args.target, output, delivery, |peer| show(peer, &args))
        }
        CustomersTask::Erase(args) => {
            told_by!(args.target, output, delivery, |peer| erase(peer, &args))
        }
        CustomersTask::Reencrypt(args) => {
            told_by!(args.target, output, delivery, |peer| reencrypt(peer))
        }
    }
}

/// Reads a person of a file. What is wrong is told by its place; the text is not repeated.
fn person_of(file: &PathBuf) -> Outcome<Person> {
    let unreadable =
        |error: std::io::Error| Failure::bad_input(format!("{}: {error}", file.display()));
    let mut text = String::new();
    if file.as_os_str() == "-" {
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(unreadable)?;
    } else {
        text = std::fs::read_to_string(file).map_err(unreadable)?;
    }
    serde_json::from_str(&text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let what = "it is no person; give name, and where known address_lines, phone and email";
        Failure::bad_input(format!("{}: {place}: {what}", file.display()))
    })
}

async fn put(peer: &Peer, args: &PutArgs) -> Outcome<Written> {
    let person = person_of(&args.file)?;
    let message = PutCustomerRequest {
        request_id: new_id(),
        customer_id: args.customer.clone(),
        person: Some(PersonPb {
            name: person.name,
            address_lines: person.address_lines,
            phone: person.phone,
            email: person.email,
        }),
    };
    let answer = ask!(
        peer,
        "write a customer down",
        CustomerServiceClient.put_customer,
        message
    )?;
    Ok(Written {
        customer: args.customer.clone(),
        created: answer.created,
    })
}

async fn show(peer: &Peer, args: &CustomerArgs) -> Outcome<Shown> {
    let message = GetCustomerRequest {
        customer_id: args.customer.clone(),
    };
    let answer = ask!(
        peer,
        "read a customer",
        CustomerServiceClient.get_customer,
        message
    )?;
    let person = answer.person.unwrap_or_default();
    Ok(Shown {
        customer: answer.customer_id,
        person: Person {
            name: person.name,
            address_lines: person.address_lines,
            phone: person.phone,
            email: person.email,
        },
    })
}

async fn erase(peer: &Peer, args: &CustomerArgs) -> Outcome<Erased> {
    let message = EraseCustomerRequest {
        request_id: new_id(),
        customer_id: args.customer.clone(),
    };
    let answer = ask!(
        peer,
        "erase a customer",
        CustomerServiceClient.erase_customer,
        message
    )?;
    Ok(Erased {
        customer: args.customer.clone(),
        orders: answer.order_count,
    })
}

async fn reencrypt(peer: &Peer) -> Outcome<Reencrypted> {
    let mut told = Reencrypted {
        reencrypted: 0,
        left: 0,
    };
    loop {
        let message = ReencryptCustomersRequest {
            request_id: new_id(),
            page_size: 1_000,
        };
        let answer = ask!(
            peer,
            "encrypt customers anew",
            CustomerServiceClient.reencrypt_customers,
            message
        )?;
        told.reencrypted += i64::from(answer.reencrypted_count);
        told.left = answer.left_count;
        // What is left without any progress is written beside this command; the next run finds it.
        if told.left == 0 || answer.reencrypted_count == 0 {
            return Ok(told);
        }
    }
}

impl Answer for Written {
    fn text(&self) -> String {
        let word = if self.created {
            "written down"
        } else {
            "written anew"
        };
        format!("Customer {} is {word}.\n", self.customer)
    }
}

impl Answer for Shown {
    fn text(&self) -> String {
        let person = &self.person;
        let mut lines = vec![self.customer.clone(), person.name.clone()];
        lines.extend(person.address_lines.iter().cloned());
        lines.extend([person.phone.clone(), person.email.clone()]);
        lines.retain(|line| !line.is_empty());
        lines.join("\n") + "\n"
    }
}

impl Answer for Erased {
    fn text(&self) -> String {
        format!(
            "Customer {} is forgotten for good; {} orders carry the pseudonym and stay as they are.\n",
            self.customer,
            grouped(self.orders)
        )
    }
}

impl Answer for Reencrypted {
    fn text(&self) -> String {
        let left = match self.left {
            0 => "no older key is needed any more".to_owned(),
            left => format!("{} are left", grouped(left)),
        };
        format!(
            "{} persons are encrypted anew; {left}.\n",
            grouped(self.reencrypted)
        )
    }
}
